namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>Tests that share a node on the fake internet.</summary>
[CollectionDefinition(Name)]
public sealed class InternetCollection : ICollectionFixture<InternetNode>
{
    public const string Name = "node on a fake internet";
}
