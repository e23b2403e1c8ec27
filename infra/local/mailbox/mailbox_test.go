package mailbox_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/local/mailbox"
)

func newMailbox(t *testing.T) (*mailbox.Mailbox, string) {
	t.Helper()
	directory := t.TempDir()
	return mailbox.New(directory, func() time.Time { return time.Date(2026, 11, 22, 7, 8, 9, 0, time.UTC) }), directory
}

func send(m http.Handler, body string) string {
	recorder := httptest.NewRecorder()
	m.ServeHTTP(recorder, httptest.NewRequest("POST", "/v2/email/outbound-emails", strings.NewReader(body)))
	return fmt.Sprintf("%d %s", recorder.Code, recorder.Body)
}

func TestSendSimple(t *testing.T) {
	t.Parallel()
	m, directory := newMailbox(t)
	answer := send(m, `{"FromEmailAddress":"kpi@example.com","Destination":{"ToAddresses":["a@example.com","b@example.com"]},"Content":{"Simple":{
		"Subject":{"Data":"KPIs für\r\nBcc: x@example.com"},"Body":{"Text":{"Data":"Hällo"},"Html":{"Data":"<p>Hi"}},
		"Attachments":[{"FileName":"kpi.csv","ContentType":"text/csv","RawContent":"YSxi"}]}}}`)
	if !strings.HasPrefix(answer, `200 {"MessageId":"`) {
		t.Fatalf("SendEmail = %s", answer)
	}
	names := m.Names()
	if len(names) != 1 {
		t.Fatalf("mails = %v, want one", names)
	}
	file, err := os.Open(filepath.Join(directory, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	message, err := mail.ReadMessage(file)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{message.Header.Get("From"), message.Header.Get("To"), message.Header.Get("Bcc"), subject, message.Header.Get("Date")}
	want := []string{"kpi@example.com", "a@example.com, b@example.com", "", "KPIs für\r\nBcc: x@example.com", "Sun, 22 Nov 2026 07:08:09 +0000"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("headers = %q, want %q", got, want)
	}
	wantParts := []string{"text/plain; charset=utf-8  SMOkbGxv", "text/html; charset=utf-8  PHA+SGk=", "text/csv kpi.csv YSxi"}
	if parts := readParts(t, message); !reflect.DeepEqual(parts, wantParts) {
		t.Errorf("parts = %q, want %q", parts, wantParts)
	}
}

func readParts(t *testing.T, message *mail.Message) []string {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part.Header.Get("Content-Type")+" "+part.FileName()+" "+strings.TrimSpace(string(content)))
	}
}

func TestSendRaw(t *testing.T) {
	t.Parallel()
	m, directory := newMailbox(t)
	send(m, `{"Content":{"Raw":{"Data":"RnJvbTogYUBiLmMNCg0KSGk="}}}`)
	got, err := os.ReadFile(filepath.Join(directory, m.Names()[0]))
	if want := "From: a@b.c\r\n\r\nHi"; err != nil || string(got) != want {
		t.Errorf("mail = %q, %v, want %q", got, err, want)
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	m, _ := newMailbox(t)
	for body, want := range map[string]string{
		`{`:  `400 {"message":"the request is not SES' JSON: unexpected EOF"}`,
		`{}`: `400 {"message":"neither Content.Raw nor Content.Simple is there; templates are not supported here"}`,
		`{"FromEmailAddress":"a@b.c","Content":{"Simple":{}}}`: `400 {"message":"FromEmailAddress and at least one address of Destination are needed"}`,
		`{"Content":{"Raw":{}}}`:                               `400 {"message":"Content.Raw.Data is empty"}`,
	} {
		if got := strings.TrimSpace(send(m, body)); got != want {
			t.Errorf("SendEmail(%s) = %s, want %s", body, got, want)
		}
	}
	if names := m.Names(); len(names) != 0 {
		t.Errorf("mails = %v, want none", names)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	m, _ := newMailbox(t)
	send(m, `{"Content":{"Raw":{"Data":"SGk="}}}`)
	for path, want := range map[string]string{
		"/":                          m.Names()[0],
		"/mail/" + m.Names()[0]:      "Hi",
		"/mail/..%2Fmailbox_test.go": "404",
		"/v2/email/account":          `"SendingEnabled":true`,
	} {
		recorder := httptest.NewRecorder()
		m.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
		if body := recorder.Body.String(); !strings.Contains(body, want) {
			t.Errorf("GET %s = %d %s, want %s in it", path, recorder.Code, body, want)
		}
	}
}
