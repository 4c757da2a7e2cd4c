"""One request on its way: budget, retry, one attempt on the wire. Knows no endpoint."""
