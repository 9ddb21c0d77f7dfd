from ide.app import state
from ide.app.errors import shown
from ide.app.review import review

with shown():
    review(state.workspace(), state.dataset())
