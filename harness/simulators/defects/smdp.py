"""Defects of an SM-DP+, by how far a download has come. Several were seen in running implementations."""

from __future__ import annotations

from harness.simulators.defects import Defect, smdp_authentication, smdp_download, smdp_orders

DEFECTS: tuple[Defect, ...] = (*smdp_authentication.DEFECTS, *smdp_download.DEFECTS, *smdp_orders.DEFECTS)
