"""The configured catalog of a run."""

from ..messages import Run


def configured_streams(run: Run) -> dict[str, dict]:
    """The streams that the run was asked to read, by name. None when it was given something that is no catalog."""
    streams = run.catalog.get("streams") if isinstance(run.catalog, dict) else None
    try:
        return {configured["stream"]["name"]: configured["stream"] for configured in streams or []}
    except (KeyError, TypeError):
        return {}
