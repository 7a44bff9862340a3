"""What machines call: the page's own scripts, other programs, Label Studio. Routes of Flask, no callbacks of Dash."""
