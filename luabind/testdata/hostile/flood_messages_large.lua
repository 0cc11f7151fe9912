-- messages of 1 MiB to itself, until no more are taken
-- ends: fine limits error
local big = ("x"):rep(2^20 - 1000)
return {
  handle_pdu = function() for _ = 1, 1000 do esme.send_after("10s", big) esme.send(esme.name, big) end end,
}
