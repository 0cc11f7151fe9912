-- a loop in a coroutine
-- ends: limits
return {
  handle_pdu = function(p, state)
    coroutine.wrap(function() while true do end end)()
  end,
}
