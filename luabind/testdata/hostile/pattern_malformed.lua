-- patterns that end too early
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, bad in ipairs { "[", "[^", "[a", "[%", "[a-", "[]", "[^]", "%", "(", ")", "%b", "%bx", "%f", "%f[", "%1", "()%2", "[%a-z", "(()", "^*", "[a-%]", "*", "+a", "%f[%" } do
      for _, f in ipairs { string.find, string.match, string.gsub } do
        pcall(f, "abc]%", bad, "%1")
      end
      pcall(function() for _ in ("abc"):gmatch(bad) do end end)
    end
  end,
}
