-- a message handler that raises
-- ends: fine
return {
  handle_pdu = function(p, state)
    xpcall(error, function() error("again") end)
  end,
}
