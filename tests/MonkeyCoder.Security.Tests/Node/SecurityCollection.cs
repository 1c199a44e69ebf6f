// Two cores: one node at a time. Cases that are independent of each other are run ahead, several at once.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace MonkeyCoder.Security.Tests.Node;

/// <summary>Tests that share one running node.</summary>
[CollectionDefinition(Name)]
public sealed class SecurityCollection : ICollectionFixture<SecurityNode>
{
    public const string Name = "security node";
}
