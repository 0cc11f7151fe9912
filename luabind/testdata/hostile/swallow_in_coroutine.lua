-- a coroutine that dies of the budget, resumed again and again
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do
      coroutine.resume(coroutine.create(function() while true do end end))
    end
  end,
}
