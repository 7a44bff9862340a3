"""A flow like that of the former app, for tests: it starts a flow for each step, and the last one writes a result.

Prefect's environment runs it, the project's the part below `__main__`: python tests/former_flow.py URI KEY Z Y X
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from utils.images.tiled_http import TiledAccess, TiledContainer

    uri, key, *shape = sys.argv[1:]
    depth, height, width = map(int, shape)
    container = TiledContainer(TiledAccess(uri, os.environ["SEG_TILED_API_KEY"], "SEG_TILED"))
    container.create_container(key)
    container.create_array(f"{key}/seg_result", dtype="int8", shape=(depth, height, width))
    for z in range(depth):
        container.write_slice(f"{key}/seg_result", z, np.full((height, width), z % 2, np.int8))
else:
    from prefect import flow, runtime

    @flow(name="launch_conda")
    def step(params: dict[str, Any]) -> None:
        """What a worker of the former app does: it leaves a result below its own id."""
        if params["task_name"] == "inference":
            uri = params["params"]["io_parameters"]["seg_tiled_uri"]
            size = params["params"]["model_parameters"]["shape"].split()
            python = str(ROOT / ".venv" / "bin" / "python")
            subprocess.run([python, __file__, uri, str(runtime.flow_run.id), *size], check=True)

    @flow(name="Parent flow")
    def launch_parent_flow(params_list: list[dict[str, Any]]) -> None:
        for each in params_list:
            step(each)
