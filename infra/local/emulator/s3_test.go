package emulator_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"waymark/infra/local/emulator"
)

func startS3(t *testing.T, directory string) (*s3.Client, *emulator.Service) {
	t.Helper()
	service, err := emulator.StartS3(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Stop)
	return s3.New(s3.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String(service.URL()), UsePathStyle: true,
	}), service
}

func put(t *testing.T, client *s3.Client, key, content string) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("exports"), Key: &key, Body: bytes.NewReader([]byte(content)), ContentType: aws.String("text/csv"),
	})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func get(t *testing.T, client *s3.Client, key string) string {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("exports"), Key: &key})
	if err != nil {
		return err.Error()
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.ContentType) + " " + string(content)
}

func keysOf(t *testing.T, client *s3.Client, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String("exports"), Prefix: &prefix, MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

func TestObjectsSurviveARestart(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	client, service := startS3(t, directory)
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("exports")}); err != nil {
		t.Fatal(err)
	}
	keys := []string{"../odd", "a//b", "day/2026-11-22.csv", "day/2026-11-23.csv", "week/x.csv", "é ü%20?#~"}
	for _, key := range keys {
		put(t, client, key, "content of "+key)
	}
	put(t, client, "week/x.csv", "second content")
	put(t, client, "gone", "x")
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("exports"), Key: aws.String("gone")}); err != nil {
		t.Fatal(err)
	}
	service.Stop()

	client, _ = startS3(t, directory)
	if got := keysOf(t, client, ""); !reflect.DeepEqual(got, keys) {
		t.Errorf("keys after a restart = %q, want %q", got, keys)
	}
	if got, want := keysOf(t, client, "day/"), []string{"day/2026-11-22.csv", "day/2026-11-23.csv"}; !reflect.DeepEqual(got, want) {
		t.Errorf("keys below day/ = %q, want %q", got, want)
	}
	if got := keysOf(t, client, "month/"); got != nil {
		t.Errorf("keys below a prefix that nothing has = %q, want none", got)
	}
	for _, key := range keys {
		want := "text/csv content of " + key
		if key == "week/x.csv" {
			want = "text/csv second content"
		}
		if got := get(t, client, key); got != want {
			t.Errorf("object %q after a restart = %q, want %q", key, got, want)
		}
	}
	// A person finds an export where its key says.
	file, err := os.ReadFile(filepath.Join(directory, "objects", "exports", "day", "2026-11-22.csv"))
	if err != nil || string(file) != "content of day/2026-11-22.csv" {
		t.Errorf("file = %q, %v", file, err)
	}
}

func TestConditionalPut(t *testing.T) {
	t.Parallel()
	for name, directory := range map[string]string{"memory": "", "files": t.TempDir()} {
		client, _ := startS3(t, directory)
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("exports")}); err != nil {
			t.Fatal(err)
		}
		put(t, client, "manifest.json", "first")
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("exports"), Key: aws.String("manifest.json"), Body: bytes.NewReader([]byte("second")), IfNoneMatch: aws.String("*"),
		})
		if refused, is := errors.AsType[smithy.APIError](err); !is || refused.ErrorCode() != "PreconditionFailed" {
			t.Errorf("%s: put over an object with If-None-Match = %v, want PreconditionFailed", name, err)
		}
		if got := get(t, client, "manifest.json"); got != "text/csv first" {
			t.Errorf("%s: object after a refused put = %q, want the first", name, got)
		}
		_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("exports"), Key: aws.String("none")})
		if _, is := errors.AsType[*types.NoSuchKey](err); !is {
			t.Errorf("%s: get of nothing = %v, want NoSuchKey", name, err)
		}
	}
}

func TestUnfinishedFilesAreNoObjects(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	bucket := filepath.Join(directory, "objects", "exports")
	if err := os.MkdirAll(bucket, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bucket, "half.csv~"), []byte("ha"), 0o644); err != nil {
		t.Fatal(err)
	}
	client, _ := startS3(t, directory)
	if got := keysOf(t, client, ""); got != nil {
		t.Errorf("keys = %q, want none", got)
	}
}
