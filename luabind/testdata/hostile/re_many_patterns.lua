-- compiles another pattern each time, so that none is kept
-- ends: limits
return {
  handle_pdu = function()
    local n = 0
    while true do n = n + 1 pcall(re.match, "x", "(?:a{1,9}){1,9}" .. n) end
  end,
}
