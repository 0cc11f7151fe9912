-- fills a hole and empties it, so that the list is searched each time
-- ends: limits
return {
  handle_pdu = function()
    local t = {}
    while true do t[1048575] = 1 t[1048575] = nil local _ = #t for i = 1, 10 do local _ = #t end end
  end,
}
