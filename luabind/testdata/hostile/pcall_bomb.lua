-- pcall of pcall of pcall
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    local function f() return pcall(f) end
    f()
  end,
}
