-- a table that grows under its own traversal
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = { a = 1 }
    while true do
      for k in pairs(t) do t[k .. "x"] = 1; t[k] = nil; if #k > 1000 then t = { a = 1 } end end
    end
  end,
}
