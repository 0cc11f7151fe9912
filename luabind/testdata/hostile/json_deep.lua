-- JSON nested a million deep, read and written
-- ends: fine error limits
return {
  handle_pdu = function()
    pcall(json.decode, ("["):rep(2^20))
    pcall(json.decode, ('{"a":'):rep(2^18) .. "1" .. ("}"):rep(2^18))
    local t = {}
    local top = t
    for i = 1, 20000 do t.x = {} t = t.x end
    pcall(json.encode, top)
    while true do pcall(json.decode, ("[[]"):rep(1000)) end
  end,
}
