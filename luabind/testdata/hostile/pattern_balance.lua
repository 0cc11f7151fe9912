-- brackets that never close, searched from each
-- ends: limits
return {
  handle_pdu = function(p, state)
    local s = ("("):rep(100000)
    while true do s:find("%b()") end
  end,
}
