package main

import "testing"

// The expected texts are what Python 3.11 printed for json.dumps(json.loads(text), ensure_ascii=False).
func TestPythonJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`{"a":[1,2],"b":{}}`, `{"a": [1, 2], "b": {}}`},
		{`{"a":1,"b":2,"a":3}`, `{"a": 3, "b": 2}`},
		{`"é\u003c\u0001\n\"\\\/"`, `"é<\u0001\n\"\\/"`},
		{`[1e5,1E16,1e-5,0.1,-0.0,-0,1.50,123456789012345678.5]`, `[100000.0, 1e+16, 1e-05, 0.1, -0.0, 0, 1.5, 1.2345678901234568e+17]`},
		{`[12345678901234567890,1e400,-1e400]`, `[12345678901234567890, Infinity, -Infinity]`},
		{`[0.0001,9999999999999998.0,true,false,null]`, `[0.0001, 9999999999999998.0, true, false, null]`},
		{` null `, `null`},
		{`not JSON`, `not JSON`},
		{``, ``},
	} {
		if got := string(pythonJSON([]byte(c.text))); got != c.want {
			t.Errorf("pythonJSON(%s) = %s, want %s", c.text, got, c.want)
		}
	}
}
