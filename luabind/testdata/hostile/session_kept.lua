-- sessions kept and used when they are over, looked at in each other, and in a loop
-- ends: limits error
local kept
return {
  handle_pdu = function(p, state)
    esme.with_session(function(s) kept = s esme.with_session(function(t) pcall(function() return t:send_raw("HTTP") end) end) end)
    pcall(function() return kept.peer end)
    pcall(function() return kept:send_raw(("\0"):rep(64)) end)
    local function deep(n) return esme.with_session(function(s) return deep(n + 1) end) end
    pcall(deep, 1)
    esme.with_session(function() while true do end end)
  end,
}
