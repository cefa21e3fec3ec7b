"""What every route is given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.engine import Engine


def _engine(request: Request) -> Engine:
    return request.app.state.engine


Shared = Annotated[Engine, Depends(_engine)]
"""The engine that the application was started with."""
