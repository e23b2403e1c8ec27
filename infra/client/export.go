package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Export is what the system says of one export.
type Export struct {
	Name      string `json:"name"`
	Schedule  string `json:"schedule"`
	Grain     string `json:"grain"`
	Start     string `json:"start"`
	End       string `json:"end"`
	TimeZone  string `json:"time_zone"` // of both
	CreatedAt string `json:"created_at"`
	Revision  int    `json:"revision"`
	Rows      int    `json:"rows"`
	Files     []File `json:"files"`
}

// File is one file of an export.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Order says which export is made: the newest closed window of a schedule, or all windows of a grain between two dates. The zero value is the day
// that ended last.
type Order struct {
	Schedule string `json:"schedule,omitempty"`
	Grain    string `json:"grain,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
}

// Export makes an export and gives its manifest as the system wrote it. One that takes longer than an answer may is asked for again: the same order
// makes the same export.
func (c *Client) Export(ctx context.Context, o Order, manifest any) error {
	if err := c.insist(ctx, http.MethodPost, "/v1/exports", o, manifest); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// Download writes a file of an export. An error means that what was written is not the file.
func (c *Client) Download(ctx context.Context, f File, to io.Writer) error {
	body, err := c.send(ctx, http.MethodGet, "/v1/exports/"+url.PathEscape(f.Name), nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read to its end below; nothing is lost
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, sum), body); err != nil {
		return fmt.Errorf("download %s: %w", f.Name, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("download %s: its SHA-256 is %s, its manifest says %s; try again", f.Name, got, f.SHA256)
	}
	return nil
}
