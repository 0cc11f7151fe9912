-- another bind, without permission
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, name in ipairs { "good-1", "good-2", "" } do
      local ref, err = esme.whereis(name)
      assert(ref == nil and (err == nil or err.code ~= nil), "ESCAPED: whereis")
      local ok, why = esme.cast(name, "x")
      assert(not ok and why.code, "ESCAPED: cast")
      ok = esme.send(name, "x")
      assert(not ok, "ESCAPED: send")
    end
  end,
}
