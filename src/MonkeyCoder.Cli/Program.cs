using MonkeyCoder.Cli;

return await MonkeyCli.RunAsync(args, CliContext.OfProcess(), CancellationToken.None);
