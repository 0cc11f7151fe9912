-- a callback that yields
-- ends: error
return {
  handle_pdu = function(p, state)
    coroutine.yield(1)
  end,
}
