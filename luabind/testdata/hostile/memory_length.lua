-- the length of a list of a million holes
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    t[1048575] = 1
    t[1048575] = nil
    while true do local _ = #t end
  end,
}
