package redact_test

import (
	"bufio"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
)

type line struct{ text, want string }

func corpus(t testing.TB) (lines []line, unchanged int) {
	t.Helper()
	file, err := os.Open("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for in := bufio.NewScanner(file); in.Scan(); {
		text := strings.ReplaceAll(in.Text(), `\n`, "\n")
		if text == "" || strings.HasPrefix(text, "# ") {
			continue
		}
		text, want, isChanged := strings.Cut(text, " => ")
		if !isChanged {
			want = text
			unchanged++
		}
		lines = append(lines, line{text, want})
	}
	return lines, unchanged
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	lines, unchanged := corpus(t)
	for _, l := range lines {
		if got := redact.Text(l.text); got != l.want {
			t.Errorf("Text(%q)\n got %q\nwant %q", l.text, got, l.want)
		}
		if got := redact.Text(l.want); got != l.want {
			t.Errorf("Text(%q), its own result, becomes %q", l.want, got)
		}
	}
	if len(lines) < 300 || unchanged < 60 {
		t.Errorf("the corpus has %d lines, %d of which stay; want 300 and 60", len(lines), unchanged)
	}
}

func TestLabelKeepsLongNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4111111111111111": "4111111111111111", "0171 1234567": "0171 1234567", "212-555-0123": "212-555-0123",
		"+49 151 12345678": "[phone]", "4111 1111 1111 1111": "[card]",
		"ada@shop.example": "[email]", "ghp_0000000000000000exampleexample000000": "[token]",
	} {
		if got := redact.Label(text); got != want {
			t.Errorf("Label(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAgentKeepsWhoRunsAProgram(t *testing.T) {
	t.Parallel()
	sent := "Crawler/1.0 (bot@crawler.example; +49 151 12345678; ghp_0000000000000000exampleexample000000) 4111111111111111"
	if got, want := redact.Agent(sent), "Crawler/1.0 (bot@crawler.example; [phone]; [token]) 4111111111111111"; got != want {
		t.Errorf("Agent(%q) = %q, want %q", sent, got, want)
	}
}

func TestIP(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.77": "203.0.113.0", "203.0.113.77:443": "203.0.113.0", "::ffff:203.0.113.77": "203.0.113.0",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::", "[2001:db8:1:2::7]:443": "2001:db8:1::", "fe80::1%eth0": "fe80::",
		"203.0.113.77, 10.1.2.3": "203.0.113.0, 10.1.2.0", "": "", "no address": "no address", "203.0.113.0": "203.0.113.0", "::1": "::",
	} {
		if got := redact.IP(text); got != want {
			t.Errorf("IP(%q) = %q, want %q", text, got, want)
		}
	}
	if got := redact.Network(netip.Addr{}); got.IsValid() {
		t.Errorf("Network of no address = %v, want none", got)
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, sent, want string }{
		{
			"what says who and what it is is kept",
			`{"userId":"ada@shop.example","anonymousId":"4111111111111111","previousId":"bob@shop.example","groupId":"g@shop.example",` +
				`"messageId":"m-ada@shop.example","traits":{"email":"ada@shop.example","phone":"+4915112345678","loyalty_id":"4111111111111111"},` +
				`"context":{"traits":{"email":"ada@shop.example"},"device":{"id":"4111111111111111"},"externalIds":[{"id":"ada@shop.example","type":"email"}]},` +
				`"properties":{"order_id":"4111111111111111","orderId":"ada@shop.example","loyalty_id":"4111111111111111"}}`, "",
		},
		{
			"what says nothing of that is not",
			`{"event":"Mail to ada@shop.example","properties":{"email":"ada@shop.example","note":["call +4915112345678",{"deep":"4111 1111 1111 1111"}],` +
				`"password":"geheim","apiToken":"x","phone":1711234567,"card":4111111111111111},"traits":{"about":"ada@shop.example","address":{"phone":"030123456"}},` +
				`"userId":{"email":"ada@shop.example"}}`,
			`{"event":"Mail to [email]","properties":{"email":"[email]","note":["call [phone]",{"deep":"[card]"}],` +
				`"password":"[secret]","apiToken":"[token]","phone":"[phone]","card":"[card]"},"traits":{"about":"[email]","address":{"phone":"[phone]"}},` +
				`"userId":{"email":"[email]"}}`,
		},
		{
			"ids and amounts are no cards",
			`{"properties":{"product_id":"4111111111111111","sku":4111111111111111,"revenue":4111111111111111,"products":[{"gtin":"4111111111111111","price":"4111111111111111"}]}}`, "",
		},
		{
			"addresses of computers are truncated",
			`{"context":{"ip":"203.0.113.77","app":{"version":"10.4.2.1"}},"properties":{"client_ip":"2001:db8:1:2:3::1"}}`,
			`{"context":{"ip":"203.0.113.0","app":{"version":"10.4.2.1"}},"properties":{"client_ip":"2001:db8:1::"}}`,
		},
		{
			"keys are redacted, stay apart, and come twice if they came twice",
			`{"properties":{"ada@shop.example":1,"bob@shop.example":2,"[email] 2":3,"ada@shop.example":4}}`,
			`{"properties":{"[email]":1,"[email] 3":2,"[email] 2":3,"[email]":4}}`,
		},
		{"numbers keep their text", `{"properties":{"x":1.50,"email":"ada@shop.example"}}`, `{"properties":{"x":1.50,"email":"[email]"}}`},
		{"an event that is no object", `"ada@shop.example"`, `"[email]"`},
		{"nothing to find", `{"type":"track","event":"Order Completed","properties":{"order_id":"1","revenue":10.00}}`, ""},
	} {
		want := test.want
		if want == "" {
			want = test.sent
		}
		v, err := strictjson.Parse(test.sent)
		if err != nil {
			t.Fatal(err)
		}
		got := redact.Event(v)
		if got.Raw() != want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got.Raw(), want)
		}
		if again := redact.Event(got); again.Raw() != got.Raw() {
			t.Errorf("%s: redacted twice it is\n     %s\nonce %s", test.name, again.Raw(), got.Raw())
		}
	}
}

func FuzzText(f *testing.F) {
	lines, _ := corpus(f)
	for _, l := range lines {
		f.Add(l.text)
		f.Add(l.text + l.text)
	}
	for c := range rune(0x80) { // runs of one character, alone and in a text that makes every scanner look
		run := strings.Repeat(string(c), 40)
		f.Add(run)
		f.Add("a@b.co ?token=x%40 Basic 4111 1111 " + run + "1" + run + " +49 " + run + "://" + run + "@" + run)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := redact.Text(text)
		if again := redact.Text(once); again != once {
			t.Errorf("Text(%q) = %q, and once more %q", text, once, again)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Errorf("Text(%q) = %q, which is no UTF-8", text, once)
		}
		if label := redact.Label(text); redact.Label(label) != label {
			t.Errorf("Label(%q) = %q, and once more %q", text, label, redact.Label(label))
		}
		if agent := redact.Agent(text); redact.Agent(agent) != agent {
			t.Errorf("Agent(%q) = %q, and once more %q", text, agent, redact.Agent(agent))
		}
		if ip := redact.IP(text); redact.IP(ip) != ip {
			t.Errorf("IP(%q) = %q, and once more %q", text, ip, redact.IP(ip))
		}
	})
}

// TestTimeGrowsWithLength doubles what could make a scanner look at one part again and again.
func TestTimeGrowsWithLength(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		"a@", "@a.", "a@b.co", "1 ", "12 34-", "+49 ", "0171 ", "token=", "a=b&", "%25", "%2540", "://u@", "DE89 ", "eyJ.", "-----BEGIN PRIVATE KEY",
		"4111 ", "(212) ", "tel ", "[email]", "a.", "＠", "0049 ", "=", "bearer ", "id=", "phone=x", ";sid=?", "phone%3Dx", "id%3Did=",
	} {
		measure := func(bytes int) time.Duration {
			text := strings.Repeat(part, bytes/len(part))
			begun := time.Now()
			redact.Text(text)
			return time.Since(begun)
		}
		small, large := time.Hour, time.Hour
		for range 20 { // others use the machine too, so the fastest of several counts
			small, large = min(small, measure(8<<10)), min(large, measure(128<<10))
			if large <= 64*small || large > 2*time.Second {
				break
			}
		}
		if large > 100*small {
			t.Errorf("of %q, 8 KiB take %v and 128 KiB take %v", part, small, large)
		}
	}
}

func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{
		"word": "Order Completed", "address": "https://shop.example/p/running-shoe-42?utm_source=newsletter&utm_medium=email&gclid=Cj0KCQiA1rSsBhDHARIs",
		"agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redact.Text(text)
			}
		})
	}
}
