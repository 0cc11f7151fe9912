-- a callback that waits in a coroutine
-- ends: error
return {
  handle_pdu = function(p, state)
    coroutine.wrap(function() esme.sleep(1) end)()
  end,
}
