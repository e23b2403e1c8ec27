package collect_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
)

// maxUnpackedBytes is the documented bound of what is unpacked at all.
const maxUnpackedBytes = 1 << 20

func packed(t testing.TB, body string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(body))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// spaced is a batch of one event of exactly so many bytes, nearly all of them white space.
func spaced(bytes int) string {
	body := `{"batch":[` + goodPage + `]}`
	return body + strings.Repeat(" ", bytes-len(body))
}

// binaryPost sends a body as the gateway hands it over that it does not take for text.
func binaryPost(path, body string) request {
	r := post(path, body)
	r.Base64 = true
	return r
}

// TestPackedBodies: a body that is packed says the same as one that is not, on every route that takes a body.
func TestPackedBodies(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/track", "/v1/page", "/v1/identify", "/v1/batch", "/v1/import/", "/v1/beacon", "/beacon/v1/batch"} {
		body := `{"writeKey":"wk_demo","event":"A","userId":"1","type":"page","batch":[` + goodPage + `,{"type":"page","userId":"café \ud83d\ude00"}]}`
		plain, whole := newSystem(), newSystem()
		want := plain.send(t, binaryPost(path, body))
		checkAnswer(t, whole.send(t, binaryPost(path, packed(t, body))), want.StatusCode, want.Body)
		if want.Body != fine {
			t.Errorf("%s is answered %s, want success", path, want.Body)
		}
		whole.checkSent(t, plain.queue.sent...)
	}
}

// TestPackedBodiesWithOtherHeaders: only the bytes say whether a body is packed.
func TestPackedBodiesWithOtherHeaders(t *testing.T) {
	t.Parallel()
	types := []string{"", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain", "application/json", "application/gzip", ";;", "text/plain; charset=utf-16"}
	for _, contentType := range types {
		for _, encoding := range []string{"", "gzip", "GZIP", "identity", "br", "deflate", "gzip, gzip"} {
			for name, body := range map[string]string{"packed": packed(t, goodPage), "plain": goodPage} {
				s := newSystem()
				r := binaryPost("/v1/page", body).with(map[string]string{"content-type": contentType, "content-encoding": encoding})
				if got := s.send(t, r); got.Body != fine {
					t.Errorf("%s body as %q, encoded %q, is answered %d %s", name, contentType, encoding, got.StatusCode, got.Body)
				}
			}
		}
	}
}

// TestBadPackedBodies: each way in which a packed body can be bad has a name, and nothing of it is queued.
func TestBadPackedBodies(t *testing.T) {
	t.Parallel()
	good := packed(t, `{"batch":[`+goodPage+`]}`)
	changed := func(at int, with byte) string {
		raw := []byte(good)
		raw[(at+len(raw))%len(raw)] = with
		return string(raw)
	}
	const again = "; pack it again, or send it plain"
	corrupt := "the body begins as gzip and cannot be unpacked, or its checksum is wrong" + again
	truncated := "the packed body ends before its end; send it whole"
	trailing := func(n int) string {
		return fmt.Sprintf("%d bytes come after the end of the packed body; send one gzip member and nothing else", n)
	}
	cases := []struct{ name, body, code, message string }{
		{"two bytes alone", "\x1f\x8b", "gzip_truncated", truncated},
		{"half a header", good[:5], "gzip_truncated", truncated},
		{"a header alone", good[:10], "gzip_truncated", truncated},
		{"cut in the data", good[:len(good)-12], "gzip_truncated", truncated},
		{"cut in the checksum", good[:len(good)-3], "gzip_truncated", truncated},
		{"another method", changed(2, 7), "gzip_corrupt", corrupt},
		{"a block of no type", changed(10, 0xff), "gzip_corrupt", corrupt},
		{"a wrong checksum", changed(-5, good[len(good)-5]^1), "gzip_corrupt", corrupt},
		{"a wrong length", changed(-1, 1), "gzip_corrupt", corrupt},
		{"a name without an end", good[:3] + "\x08" + good[4:10] + strings.Repeat("n", 100_000), "gzip_corrupt", corrupt},
		{"a second member", good + good, "gzip_trailing", trailing(len(good))},
		{"a second member without content", good + packed(t, ""), "gzip_trailing", trailing(len(packed(t, "")))},
		{"bytes behind", good + "\x00", "gzip_trailing", trailing(1)},
		{"JSON behind", good + goodPage, "gzip_trailing", trailing(len(goodPage))},
		{"packed twice", packed(t, good), "gzip_nested", "the body is packed twice; pack it once"},
		{
			"read as text", strings.ToValidUTF8(good, "\uFFFD"), "gzip_damaged",
			"the body was packed with gzip and damaged on the way because its Content-Type says text; send it as application/octet-stream, or plain",
		},
		{"nothing in it", packed(t, ""), "invalid_json", "the body is not JSON: the text ends too early, at byte 0"},
		{"no JSON in it", packed(t, "hello"), "invalid_json", "the body is not JSON: unexpected character 'h' where a value begins, at byte 1"},
		{"too deep in it", packed(t, strings.Repeat("[", 10_000)), "too_deep", "the request nests 10000 levels deep, an event may nest 32"},
	}
	for _, c := range cases {
		s := newSystem()
		checkAnswer(t, s.send(t, binaryPost("/v1/batch", c.body)), 400, failure(c.code, c.message))
		if s.checkSent(t); t.Failed() {
			t.Fatalf("this is %s", c.name)
		}
	}
}

// TestPackedLimitsAreExact: a packed request may be as large unpacked as a plain one, not a byte more; beyond 1 MiB nobody looks how large.
func TestPackedLimitsAreExact(t *testing.T) {
	t.Parallel()
	const limit = event.MaxRequestBytes
	tooLarge := func(n int) string {
		return failure("request_too_large", fmt.Sprintf("the request has %d bytes, the limit is 524288; split the batch", n))
	}
	bomb := failure("gzip_too_large", "the body unpacks to more than 1048576 bytes, the limit of a request is 524288; split the batch")
	for _, c := range []struct {
		unpacked int
		want     string
	}{
		{limit - 1, fine},
		{limit, fine},
		{limit + 1, tooLarge(limit + 1)},
		{maxUnpackedBytes - 1, tooLarge(maxUnpackedBytes - 1)},
		{maxUnpackedBytes, tooLarge(maxUnpackedBytes)},
		{maxUnpackedBytes + 1, bomb},
		{10 * maxUnpackedBytes, bomb},
	} {
		s := newSystem()
		got := s.send(t, binaryPost("/v1/batch", packed(t, spaced(c.unpacked))))
		if got.Body != c.want || (got.StatusCode == 200) != (c.want == fine) || len(s.queue.sent) > 0 != (c.want == fine) {
			t.Errorf("%d bytes unpacked are answered %d %s, %d queued, want %s", c.unpacked, got.StatusCode, got.Body, len(s.queue.sent), c.want)
		}
	}
}

// TestSentLimitHoldsForPackedBodies: what is sent is bounded as well, before anybody unpacks it.
func TestSentLimitHoldsForPackedBodies(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		event.MaxRequestBytes: fine, event.MaxRequestBytes + 1: failure("request_too_large", "the request has 524289 bytes, the limit is 524288; split the batch"),
	} {
		s := newSystem()
		got := s.send(t, binaryPost("/v1/batch", packedInto(t, `{"batch":[`+goodPage+`]}`, n)))
		if got.Body != want {
			t.Errorf("%d bytes sent are answered %d %s, want %s", n, got.StatusCode, got.Body, want)
		}
	}
}

// packedInto packs a body into exactly so many bytes, with blocks that hold nothing.
func packedInto(t testing.TB, body string, size int) string {
	t.Helper()
	whole := packed(t, body)
	const emptyBlock = "\x00\x00\x00\xff\xff"
	room := size - len(whole)
	extra := 2 + room%len(emptyBlock)
	for (room-extra)%len(emptyBlock) != 0 {
		extra++
	}
	header := whole[:3] + "\x04" + whole[4:10] + string(binary.LittleEndian.AppendUint16(nil, uint16(extra-2))) + strings.Repeat("x", extra-2)
	return header + strings.Repeat(emptyBlock, (room-extra)/len(emptyBlock)) + whole[10:]
}

// bomb is 100 MB of spaces in 102 KB, and bombs are others that a careless reader would give all its memory or time.
func bombs(t testing.TB) map[string]request {
	t.Helper()
	return map[string]request{
		"100 MB of spaces":          binaryPost("/v1/batch", packed(t, strings.Repeat(" ", 100_000_000))),
		"a bomb in a bomb":          binaryPost("/v1/batch", packed(t, packed(t, strings.Repeat("\x00", 10_000_000)))),
		"26,000 members":            binaryPost("/v1/batch", strings.Repeat(packed(t, ""), event.MaxRequestBytes/len(packed(t, "")))),
		"100,000 blocks of nothing": binaryPost("/v1/batch", packedInto(t, "", event.MaxRequestBytes)),
		"200,000 open brackets":     binaryPost("/v1/batch", strings.Repeat("[", 200_000)),
		"1 MiB of quotes, packed":   binaryPost("/v1/batch", packed(t, strings.Repeat(`"`, maxUnpackedBytes))),
		"6 MB of text":              post("/v1/batch", strings.Repeat("x", 6_000_000)),
	}
}

// TestBombsCostLittle: refusing a bomb allocates a few times the bound of what is unpacked, whatever it would unpack to.
func TestBombsCostLittle(t *testing.T) { // not parallel: it counts what this process allocates
	for name, r := range bombs(t) {
		s := newSystem()
		sent := r.envelope()
		s.checkRefusedWithin(t, name, sent, 8<<20+4*uint64(len(sent.Body)))
	}
}

func (s *system) checkRefusedWithin(t *testing.T, name string, e events.APIGatewayV2HTTPRequest, most uint64) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := httpapitest.Invoke(t.Context(), s.handler, e)
	runtime.ReadMemStats(&after)
	if err != nil || got.StatusCode != 400 || len(s.queue.sent) > 0 {
		t.Errorf("%s is answered %d %.200s, %v, want 400 and nothing queued", name, got.StatusCode, got.Body, err)
	}
	bytes, objects := after.TotalAlloc-before.TotalAlloc, after.Mallocs-before.Mallocs
	t.Logf("%s: sent %d bytes, allocated %d in %d pieces", name, len(e.Body), bytes, objects)
	if bytes > most || objects > 1000 {
		t.Errorf("refusing %s allocates %d bytes in %d pieces, want at most %d in 1000", name, bytes, objects, most)
	}
}

func BenchmarkBombs(b *testing.B) {
	for name, r := range bombs(b) {
		sent := r.envelope()
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			s := newSystem()
			for b.Loop() {
				if got, _ := httpapitest.Invoke(b.Context(), s.handler, sent); got.StatusCode != 400 {
					b.Fatal(got.Body)
				}
			}
		})
	}
}

// FuzzGzip sends any bytes as a packed body and unpacks them a second way: the request is taken exactly if the one member unpacks and what it
// holds is taken unpacked.
func FuzzGzip(f *testing.F) {
	good := packed(f, goodPage)
	for _, seed := range []string{
		good, good + good, good[:len(good)-1], good + "x", packed(f, good), packed(f, ""), packed(f, spaced(event.MaxRequestBytes+1)), "\x1f\x8b", goodPage,
		"\x1f\xef\xbf\xbd\b", packedInto(f, goodPage, 1000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, s := asBeacon(t, string(body))
		s.checkAccounted(t, fmt.Sprintf("%q", body), got)
		plain, ok := oneMember(body)
		if !ok || len(body) > event.MaxRequestBytes || len(plain) > event.MaxRequestBytes {
			if got.StatusCode != 400 || !strings.Contains(got.Body, `"code":"gzip_`) && !strings.Contains(got.Body, `"code":"request_too_large"`) {
				t.Fatalf("%q is answered %d %s, want a 400 that names gzip or the size", body, got.StatusCode, got.Body)
			}
			return
		}
		want, _ := asBeacon(t, string(plain))
		if got.StatusCode != want.StatusCode || got.Body != want.Body {
			t.Fatalf("packed it is answered %d %s, plain %d %s", got.StatusCode, got.Body, want.StatusCode, want.Body)
		}
	})
}

// oneMember reads the frame of RFC 1952 by hand: header, one deflate stream, checksum and length, nothing else. A body without its first two
// bytes is not packed.
func oneMember(body []byte) (plain []byte, ok bool) {
	if bytes.HasPrefix(body, []byte("\x1f\xef\xbf\xbd")) {
		return nil, false
	}
	if !bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		return body, true
	}
	rest, ok := afterHeader(body)
	if !ok {
		return nil, false
	}
	stream := bytes.NewReader(rest)
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(stream), 2*maxUnpackedBytes))
	if len(plain) > maxUnpackedBytes {
		return plain, true // too large whatever comes behind
	}
	trailer := rest[len(rest)-stream.Len():]
	if err != nil || len(trailer) != 8 || bytes.HasPrefix(plain, []byte("\x1f\x8b")) {
		return nil, false
	}
	sum, size := binary.LittleEndian.Uint32(trailer), binary.LittleEndian.Uint32(trailer[4:])
	return plain, sum == crc32.ChecksumIEEE(plain) && size == uint32(len(plain))
}

func afterHeader(body []byte) (rest []byte, ok bool) {
	const fixed, checksum, extra, name, comment = 10, 1 << 1, 1 << 2, 1 << 3, 1 << 4
	if len(body) < fixed || body[2] != 8 {
		return nil, false
	}
	flags, at := body[3], fixed
	if flags&extra != 0 {
		if len(body) < at+2 {
			return nil, false
		}
		at += 2 + int(binary.LittleEndian.Uint16(body[at:]))
	}
	for _, text := range []byte{name, comment} {
		if flags&text == 0 || at > len(body) {
			continue
		}
		end := bytes.IndexByte(body[at:], 0)
		if end < 0 || end >= 512 { // the standard library reads no longer ones
			return nil, false
		}
		at += end + 1
	}
	if flags&checksum != 0 {
		if len(body) < at+2 || binary.LittleEndian.Uint16(body[at:]) != uint16(crc32.ChecksumIEEE(body[:at])) {
			return nil, false
		}
		at += 2
	}
	if at > len(body) {
		return nil, false
	}
	return body[at:], true
}

func asBeacon(t testing.TB, body string) (events.APIGatewayV2HTTPResponse, *system) {
	t.Helper()
	s := newSystem()
	return s.send(t, binaryPost("/v1/beacon", body)), s
}
