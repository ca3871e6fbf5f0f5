"""How a world moves: requests to the API server, and what components then do on the clock.

`state.py` holds what a world is, `draft.py` the working copy of one step, `requests.py` the actions,
`tasks.py` and `steps.py` what happens later. Nothing else in the core changes state.
"""
