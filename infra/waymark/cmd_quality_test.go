package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const qualityBody = `{"time_zone":"Europe/London","from":"2026-11-20T00:00:00.000Z","to":"2026-11-23T00:00:00.000Z","final":false,"waiting":3,
"dead":{"messages":2,"read":1},"rejected_since":"2026-11-21T09:30:00.000Z",
"alerts":[{"id":"burst-1","kind":"new_persons","source":"a source with a long name","from":"2026-11-22T12:00:00.000Z","to":"2026-11-22T13:00:00.000Z","persons":12345,
"usual_persons":20,"persons_per_minute":205.75,"usual_persons_per_minute":0.33,"raised":"2026-11-22T12:20:00.000Z","closed":null,
"command":"waymark quarantine apply --source 'a source with a long name' --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z --grade public"}],
"shares":{"touchpoints":1000,"orders":10,"revenue":[{"currency":"GBP","amount":"1250.00","share":1.0000}],"by_grade":[],"by_source":[
{"source":"a source with a long name","grade":"public","touchpoints":900,"touchpoints_share":0.9000,"orders":8,"orders_share":0.8000,
"revenue":[{"currency":"GBP","amount":"250.00","share":0.2000}]},
{"source":"server","grade":"server","touchpoints":100,"touchpoints_share":0.1000,"orders":2,"orders_share":0.2000,
"revenue":[{"currency":"GBP","amount":"1000.00","share":0.8000}]}]},
"contested_orders":{"orders":1,"displaced":{"claims":1,"amounts":[{"currency":"GBP","said":"0.01","counts":"999.00"}]},"unresolved":2,"list":[
{"order":"1001","difference":"998.99","currency":"GBP","persons":2,"claims":2,"list":[
{"amount":"999.00","currency":"GBP","grade":"server","source":"server","user":"user:42","received":"2026-11-21T10:00:00.000Z","counts":true},
{"amount":"0.01","currency":"GBP","grade":"public","source":"a source with a long name","received":"2026-11-20T10:00:00.000Z","counts":false}]}]},
"contested_identifiers":{"identifiers":1,"unresolved":1,"by_kind":{"email":1},"list":[{"kind":"email","users":2,"list":[
{"user":"user:42","grade":"server","source":"server","received":"2026-11-20T10:00:00.000Z"},
{"user":"user:an-attacker-with-a-rather-long-user-id-of-many-characters","grade":"public","source":"site","received":"2026-11-21T10:00:00.000Z"}]}]},
"total":{"received":1234567,"accepted":1234550,"refused":13,"rejected":3,"failed":1,"refused_by":{"rejected_events":12,"invalid_json":1},
"rejected_by":{"bad_time":2,"no_identifier":1},"repeats":1,"late":2,"skewed":3,"future":4,"untimed":5,"bots":6,"bots_by":{"crawler":6},"unknown_names":7,
"names":[{"name":"A name of an event that is rather long","count":4},{"name":"Another name that is long as well","count":3}]},
"rows":[{"day":"2026-11-21","source":"a source with a long name","received":1234566,"accepted":1234549,"refused":13,"rejected":3,"failed":1,"repeats":1,"conflicts":8,"late":2,
"skewed":3,"future":4,"untimed":5,"bots":6,"quarantined":9,"unknown_names":7},{"day":"2026-11-22","source":"","received":1,"accepted":1,"refused":0,"rejected":0,"failed":0,
"repeats":0,"late":0,"skewed":0,"future":0,"untimed":0,"bots":0,"unknown_names":0}]}`

const qualityText = `received from 2026-11-20T00:00Z to 2026-11-23T00:00Z, days in Europe/London

ALERT, it goes on: a source with a… has 12,345 new persons,
205.75 a minute, at this hour usually 20, 0.33 a minute. To take them out:
  waymark quarantine apply \
    --source 'a source with a long name' \
    --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z \
    --grade public

day        source           received accepted refused rejected failed
2026-11-21 a source with a…  1234566  1234549      13        3      1
2026-11-22 -                       1        1       0        0      0
total                        1234567  1234550      13        3      1

of the accepted:
day        source           repeats   late skewed future untimed   bots unknown
2026-11-21 a source with a…       1      2      3      4       5      6       7
2026-11-22 -                      0      0      0      0       0      0       0
total                             1      2      3      4       5      6       7

refused   rejected_events 12, invalid_json 1
rejected  bad_time 2, no_identifier 1
bots      crawler 6
unknown   A name of an event that is rather long 4,
          Another name that is long as well 3
conflicts, by source a source with a long name 8
in quarantine, by source a source with a long name 9

whose word it is:
source           grade  touchpoints    share   orders    share
a source with a… public         900   90.00%        8   80.00%
                                                   250.00 GBP, 20.00%
server           server         100   10.00%        2   20.00%
                                                  1000.00 GBP, 80.00%

servers' claims took the place of 1 claim of sites:
  sites said 0.01 GBP, servers 999.00

1 order contested, the largest difference first:
1001: 2 claims of 2 persons, 998.99 GBP apart
        999.00 GBP server server           user:42  counts
          0.01 GBP public a source with a… -

1 identifier claimed by several users, most users first:
email    2 users
  server server           user:42
  public site             user:an-attacker-with-a-rather-long-user-id-of-…

3 more orders and identifiers were not looked up; ask for fewer days.

Not final: 3 messages wait, and 1 of 2 dead letters were read.

Rejected events received before 2026-11-21T09:30Z are forgotten.
`

// TestQualityCommand sets variables of the environment, so it runs alone.
func TestQualityCommand(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		if r.Header.Get("Authorization") != "Bearer sk_env" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"success":false,"code":"unknown_key","message":"the key is not known here"}`))
			return
		}
		_, _ = w.Write([]byte(qualityBody))
	}))
	defer server.Close()
	t.Setenv("WAYMARK_URL", server.URL)
	t.Setenv("WAYMARK_SECRET_KEY", "sk_env")
	run := func(args ...string) (int, string, string) {
		var out, problems bytes.Buffer
		code := run(t.Context(), append([]string{"quality"}, args...), stdio{In: strings.NewReader(""), Out: &out, Err: &problems})
		return code, out.String(), problems.String()
	}
	code, out, _ := run("--from", "2026-11-20", "--source", "a b")
	if code != 0 || out != qualityText || asked != "/v1/quality?from=2026-11-20&source=a+b" {
		t.Errorf("exit %d after asking %s, printed\n%s\nwant\n%s", code, asked, out, qualityText)
	}
	for _, line := range strings.Split(out, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	if code, out, _ := run("--json"); code != 0 || strings.TrimSpace(out) != qualityBody {
		t.Errorf("--json: exit %d, printed\n%s", code, out)
	}
	if code, _, problems := run("--key", "sk_no"); code != 1 || !strings.Contains(problems, "the key is not known here (unknown_key)") {
		t.Errorf("a wrong key: exit %d, %s", code, problems)
	}
	if code, _, _ := run("--nonsense"); code != 2 {
		t.Errorf("an unknown flag: exit %d, want 2", code)
	}
}
