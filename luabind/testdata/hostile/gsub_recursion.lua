-- a gsub in the function of a gsub
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local function f(s) return (s:gsub(".", f)) end
    f("abc")
  end,
}
