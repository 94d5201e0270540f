"""Is everything running? For a load balancer or a monitor: no names, no addresses."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from nurture.model import Json
from nurture.store import jobs
from nurture.web.desk import Desk


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.api_route("/health", methods=["GET", "HEAD"])
    def health() -> Response:
        try:
            jobs_now = _jobs(desk)
        except Exception:
            return JSONResponse({"status": "down", "database": "unreachable"}, 503)
        failing = any(job["failing"] for job in jobs_now.values())
        return JSONResponse({"status": "failing" if failing else "ok", "database": "ok", "jobs": jobs_now})

    return router


def _jobs(desk: Desk) -> dict[str, dict[str, Json]]:
    """For each job the seconds since it last finished, and whether its last run failed."""
    now = desk.now()
    with desk.runtime.store.read() as tx:
        rows = jobs.all_jobs(tx)
    return {
        name: {
            "finished_seconds_ago": int((now - row["finished_at"]).total_seconds())
            if row["finished_at"]
            else None,
            "failing": jobs.is_failing(row),
        }
        for name, row in sorted(rows.items())
    }
