"""Tools that look at the image before they mark pixels: pure functions on a part of a plane, a file a family.

`scene.py` says what a tool sees, is asked and answers; `table.py` lists the tools and the part of the plane each must
see. None of them changes a label: their answer goes to the browser, where a person's edit is made of it.
`callbacks/http/tools.py` serves them, docs/contracts.md ("Tools") has the words.
"""
