-- two coroutines that resume each other
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    local a, b
    a = coroutine.create(function() while true do coroutine.resume(b) end end)
    b = coroutine.create(function() while true do coroutine.resume(a) end end)
    coroutine.resume(a)
  end,
}
