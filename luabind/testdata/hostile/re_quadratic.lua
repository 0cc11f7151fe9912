-- each match looks through all that follows
-- ends: limits error
return {
  handle_pdu = function()
    local text = ("a"):rep(100000)
    for _ in re.gmatch(text, "a(?:.*z)?") do end
  end,
}
