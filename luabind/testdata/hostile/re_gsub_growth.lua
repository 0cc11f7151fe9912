-- each match of nothing becomes a long text
-- ends: error limits
return {
  handle_pdu = function()
    local text, long = ("a"):rep(20000), ("y"):rep(100000)
    while true do local _ = re.gsub(text, "", long) end
  end,
}
