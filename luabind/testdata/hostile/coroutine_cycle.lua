-- two coroutines that resume each other, as long as they can
-- ends: fine
return {
  handle_pdu = function(p, state)
    local a, b
    local function refused(ok, why) if ok or why ~= "cannot resume normal coroutine" then error("it was resumed: " .. tostring(why)) end end
    a = coroutine.create(function() for i = 1, 1000 do coroutine.resume(b) end end)
    b = coroutine.create(function() for i = 1, 1000 do refused(coroutine.resume(a)) coroutine.yield() end end)
    coroutine.resume(a)
  end,
}
