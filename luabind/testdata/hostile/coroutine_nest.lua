-- coroutines in coroutines
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local function f() return coroutine.wrap(f)() end
    f()
  end,
}
