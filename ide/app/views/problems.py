from ide.app import problems_page, state
from ide.app.problems.data import Listing
from ide.store.checking import listed_build
from ide.store.issues import problems_of

ws, name = state.workspace(), state.dataset()
build = listed_build(ws, name)
if build is None:
    problems_page.no_build(ws, name)
elif not len(problems_of(build)):
    problems_page.none_found(ws, name)
else:
    chosen = problems_page.filters(ws, name, build)
    problems_page.listed(Listing(ws, name, build, chosen))
