-- back references to a long capture
-- ends: limits fine error
return {
  handle_pdu = function(p, state)
    local s = ("a"):rep(100000)
    for _ = 1, 1e6 do s:find("^(a*)%1%1%1b") end
  end,
}
