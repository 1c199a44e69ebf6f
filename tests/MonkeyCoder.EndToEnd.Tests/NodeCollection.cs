using MonkeyCoder.Testing.Nodes;

// Two cores: the suites share one node, one after another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>Tests that share one running node.</summary>
[CollectionDefinition(Name)]
public sealed class NodeCollection : ICollectionFixture<NodeUnderTest>
{
    public const string Name = "node";
}
