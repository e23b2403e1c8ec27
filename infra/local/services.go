package local

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local/emulator"
	"waymark/infra/local/front"
	"waymark/infra/local/mailbox"
)

const (
	region         = "us-east-1"
	account        = "000000000000" // the one that fauxqs writes into its ARNs
	accessKey      = "local"
	maxHeaderBytes = front.MaxHeaderBytes
)

// services are the emulators and the mailbox.
type services struct {
	table, queue, bucket, mail *emulator.Service
	mailServer                 *http.Server
}

func (s *services) all() []*emulator.Service {
	var started []*emulator.Service
	for _, service := range []*emulator.Service{s.table, s.queue, s.bucket, s.mail} {
		if service != nil {
			started = append(started, service)
		}
	}
	return started
}

func (s *services) stop() {
	for _, service := range s.all() {
		service.Stop()
	}
	if s.mailServer != nil {
		s.mailServer.Close()
	}
}

func (c *Cloud) startServices(ctx context.Context) error {
	modules := c.config.Emulators
	if err := install(ctx, modules, c.config.Progress); err != nil {
		return err
	}
	c.config.Progress("starting DynamoDB, SQS and S3")
	log, err := c.logs.writer("emulators")
	if err != nil {
		return err
	}
	c.services = &services{}
	databaseFile, queueFile, bucketDirectory := "", "", ""
	if !c.config.Memory {
		databaseFile, queueFile = filepath.Join(c.config.Data, "table.db"), filepath.Join(c.config.Data, "queue.journal")
		bucketDirectory = filepath.Join(c.config.Data, "s3")
	}
	c.services.table, err = emulator.StartDynamoDB(ctx, emulator.DynamoDBConfig{
		Modules: filepath.Join(modules, "node_modules"), File: databaseFile, Endpoint: os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), Log: log,
	})
	if err != nil {
		return err
	}
	if c.services.queue, err = emulator.StartSQS(ctx, emulator.SQSConfig{Directory: modules, Journal: queueFile, Log: log}); err != nil {
		return err
	}
	if c.services.bucket, err = emulator.StartS3(bucketDirectory); err != nil {
		return err
	}
	if err := c.startMail(); err != nil {
		return err
	}
	for _, service := range c.services.all() {
		go c.watchService(service)
	}
	return nil
}

func (c *Cloud) startMail() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for mail: %w", err)
	}
	c.mail = mailbox.New(filepath.Join(c.config.Data, "mail"), time.Now)
	c.services.mailServer = &http.Server{Handler: c.mail}
	go c.services.mailServer.Serve(listener)
	c.services.mail = emulator.Inside("SES", listener.Addr().String())
	return nil
}

func (c *Cloud) watchService(service *emulator.Service) {
	select {
	case <-service.Died():
		if c.ctx.Err() == nil {
			c.failed <- fmt.Errorf("the %s emulator ended by itself (%v); its output is in %s", service.Name, service.How(), filepath.Join(c.config.Data, "logs", "emulators.log"))
		}
	case <-c.ctx.Done():
	}
}

// endpoints are the variables that make an AWS client talk to the emulators at a host of this machine.
func (c *Cloud) endpoints(host string) map[string]string {
	services := map[string]*emulator.Service{"DYNAMODB": c.services.table, "SQS": c.services.queue, "S3": c.services.bucket, "SESV2": c.services.mail}
	return clientVariables(func(name string) string {
		service := services[name]
		u, err := url.Parse(service.URL())
		if err != nil || u.Hostname() != "127.0.0.1" {
			return service.URL() // the user's own endpoint is where it is
		}
		return "http://" + net.JoinHostPort(host, u.Port())
	})
}

// clientVariables are what an AWS client needs to talk to stand-ins of the services, which are named as the SDKs name them.
func clientVariables(endpoint func(service string) string) map[string]string {
	variables := map[string]string{
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": accessKey,
	}
	for _, service := range []string{"DYNAMODB", "SQS", "S3", "SESV2"} {
		variables["AWS_ENDPOINT_URL_"+service] = endpoint(service)
	}
	return variables
}

// forwardAll opens everything that functions need on the bind address too.
func (c *Cloud) forwardAll() error {
	if c.config.Bind == "" || c.config.Bind == "127.0.0.1" {
		return nil
	}
	targets := []string{c.apiAddr}
	for _, service := range c.services.all() {
		if u, err := url.Parse(service.URL()); err == nil && u.Hostname() == "127.0.0.1" {
			targets = append(targets, u.Host)
		}
	}
	for _, target := range targets {
		listener, err := emulator.Forward(c.config.Bind, target)
		if err != nil {
			return err
		}
		c.forwards = append(c.forwards, listener)
	}
	return nil
}

func (c *Cloud) dynamoDB() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: region, Credentials: credentialsHere(), BaseEndpoint: aws.String(c.services.table.URL())})
}

func (c *Cloud) sqs() *sqs.Client {
	return sqs.New(sqs.Options{Region: region, Credentials: credentialsHere(), BaseEndpoint: aws.String(c.services.queue.URL())})
}

func (c *Cloud) s3() *s3.Client {
	return s3.New(s3.Options{Region: region, Credentials: credentialsHere(), BaseEndpoint: aws.String(c.services.bucket.URL()), UsePathStyle: true})
}

func credentialsHere() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(accessKey, accessKey, "")
}
