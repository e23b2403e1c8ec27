package mailbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
	"time"
)

// sendEmail is the part of SES' SendEmail request that a message is made of.
type sendEmail struct {
	FromEmailAddress string
	ReplyToAddresses []string
	Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
	Content          struct {
		Raw    *struct{ Data []byte }
		Simple *struct {
			Subject content
			Body    struct {
				Text *content
				HTML *content `json:"Html"`
			}
			Attachments []attachment
		}
	}
}

type content struct{ Data, Charset string }

type attachment struct {
	FileName    string
	ContentType string
	RawContent  []byte
}

// message returns the mail as an RFC 5322 message; a raw one as it came.
func (s sendEmail) message(id string, now time.Time) ([]byte, error) {
	if s.Content.Raw != nil {
		if len(s.Content.Raw.Data) == 0 {
			return nil, errors.New("Content.Raw.Data is empty")
		}
		return s.Content.Raw.Data, nil
	}
	if s.Content.Simple == nil {
		return nil, errors.New("neither Content.Raw nor Content.Simple is there; templates are not supported here")
	}
	if s.FromEmailAddress == "" || len(s.Destination.ToAddresses)+len(s.Destination.CcAddresses)+len(s.Destination.BccAddresses) == 0 {
		return nil, errors.New("FromEmailAddress and at least one address of Destination are needed")
	}
	var out bytes.Buffer
	writeHeader(&out, "From", s.FromEmailAddress)
	writeHeader(&out, "To", strings.Join(s.Destination.ToAddresses, ", "))
	writeHeader(&out, "Cc", strings.Join(s.Destination.CcAddresses, ", "))
	writeHeader(&out, "Bcc", strings.Join(s.Destination.BccAddresses, ", "))
	writeHeader(&out, "Reply-To", strings.Join(s.ReplyToAddresses, ", "))
	writeHeader(&out, "Subject", mime.QEncoding.Encode("utf-8", s.Content.Simple.Subject.Data))
	writeHeader(&out, "Date", now.UTC().Format(time.RFC1123Z))
	writeHeader(&out, "Message-ID", "<"+id+"@local>")
	writeHeader(&out, "MIME-Version", "1.0")
	err := s.writeParts(&out)
	return out.Bytes(), err
}

// writeHeader leaves an empty header out, and line breaks too: they would begin a header of the sender's making.
func writeHeader(out *bytes.Buffer, name, value string) {
	value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	if value != "" {
		fmt.Fprintf(out, "%s: %s\r\n", name, value)
	}
}

func (s sendEmail) writeParts(out *bytes.Buffer) error {
	simple := s.Content.Simple
	parts := multipart.NewWriter(out)
	fmt.Fprintf(out, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n", parts.Boundary())
	for _, body := range []struct {
		kind    string
		content *content
	}{{"text/plain; charset=utf-8", simple.Body.Text}, {"text/html; charset=utf-8", simple.Body.HTML}} {
		if body.content == nil {
			continue
		}
		if err := writePart(parts, body.kind, "", []byte(body.content.Data)); err != nil {
			return err
		}
	}
	for _, a := range simple.Attachments {
		kind := a.ContentType
		if kind == "" {
			kind = "application/octet-stream"
		}
		if err := writePart(parts, kind, a.FileName, a.RawContent); err != nil {
			return err
		}
	}
	return parts.Close()
}

func writePart(parts *multipart.Writer, kind, file string, data []byte) error {
	header := textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {"base64"}}
	if file != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file}))
	}
	part, err := parts.CreatePart(header)
	if err != nil {
		return err
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	for len(encoded) > 76 {
		fmt.Fprintf(part, "%s\r\n", encoded[:76])
		encoded = encoded[76:]
	}
	_, err = fmt.Fprintf(part, "%s\r\n", encoded)
	return err
}
