return await MonkeyCoder.Sandbox.Hosting.SandboxHost.RunAsync(args);
