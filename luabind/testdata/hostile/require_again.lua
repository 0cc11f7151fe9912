-- asks for what is not there, and for itself
-- ends: fine limits error
return {
  handle_pdu = function()
    local n = 0
    while true do n = n + 1 pcall(require, "x" .. n) pcall(require, "..") pcall(require, ("a."):rep(10000)) end
  end,
}
