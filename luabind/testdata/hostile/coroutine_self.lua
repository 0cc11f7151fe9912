-- a coroutine that resumes itself
-- ends: fine
return {
  handle_pdu = function(p, state)
    local co
    co = coroutine.create(function() return coroutine.resume(co) end)
    coroutine.resume(co)
    coroutine.resume(co)
  end,
}
