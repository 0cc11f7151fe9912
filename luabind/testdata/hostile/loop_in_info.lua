-- a bind that talks to itself without end
-- ends: fine limits.time
return {
  handle_pdu = function() esme.send(esme.name, 1) end,
  handle_info = function(n) if n == 1 then esme.send(esme.name, 1) for i = 1, 100000 do local _ = i end end end,
}
