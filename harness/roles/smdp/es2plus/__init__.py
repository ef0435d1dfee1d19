"""ES2+: an operator prepares profiles for download (SGP.22 v2.5 §5.3).

Rules of this room:
- A profile of the stock is available, or it has one order; `downloadOrder` reserves it, `confirmOrder` settles its codes,
  `releaseProfile` lets eUICCs have it, `cancelOrder` takes it back.
- Nothing changes unless the whole function succeeds, the SM-DS included.
- Paths and field names are those that independent implementations use. The conditions and codes are as they and public
  tables of codes have them; the text of SGP.22 was not at hand.
"""
