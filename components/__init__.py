"""Layout: pure functions from data to Dash components. Ids live in `ids`, stores in `stores`."""

__version__ = "0.1.0"  # Dash asks each package that serves JavaScript for its version
_js_dist = [{"relative_package_path": "slice_viewer/bundle.js", "namespace": "components"}]  # and for its files
