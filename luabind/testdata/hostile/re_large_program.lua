-- a regular expression as large as it may be, over a text as long as it may be
-- ends: fine error limits
return {
  handle_pdu = function()
    local text = ("ab"):rep(2^20)
    while true do pcall(re.match, text, "(?:(?:a?){30}){30}(?:x|y|[a-c]*z){10}$") end
  end,
}
