namespace MonkeyCoder.Isolation.Templates;

/// <summary>A built template: a root filesystem that is never written to again.</summary>
/// <param name="Name">Name of its recipe, e.g. <c>base</c>.</param>
/// <param name="Version">First 12 hex digits of the hash of its recipe.</param>
/// <param name="RootPath">Its root directory. Owners are those inside a sandbox, from 0 on; to be seen through an id-mapped mount.</param>
/// <param name="SizeBytes">Sum of the sizes of its files.</param>
public sealed record Template(string Name, string Version, string RootPath, long SizeBytes);
