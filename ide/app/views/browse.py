from ide.app import browse_page, filters, navigate, state
from ide.store.builds import current_build

ws, name = state.workspace(), state.dataset()
if left := state.left_address():
    navigate.go("browse", name, **{k: v for k, v in left.items() if k != "dataset"})
build = current_build(ws, name)
browse_page.results(ws, name, build, filters.draw(ws, name, build))
