"""Label Studio in words of the house: annotations, label configurations and tasks, both ways, without HTTP.

`brush.py` is its run-length code, `shapes.py` draws a region's pixels, `config.py` reads and writes the label
configuration, `tasks.py` says which pixels of which volume a task shows, `results.py` turns labels into regions.
`exporting.py` sends slices through the port of `port.py`, which `utils/labelstudio/labelstudio_client.py` implements.
"""
