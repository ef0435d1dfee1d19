"""REST interfaces by which a lab scripts the reference servers. They need the extra `rest` (FastAPI and uvicorn).

Rules of this room:
- Nothing is decided here: each call is one call of the role's operator side.
- Every call but the description (`/openapi.json`) carries the token; loopback is no reason to leave it out.
- Sizes and times are bounded, and what cannot be used is answered 4xx with what is wrong and where.
"""

from __future__ import annotations
