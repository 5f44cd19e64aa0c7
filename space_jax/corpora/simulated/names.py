"""Names for the world's entities."""

RESTAURANT_FIRST = (
    "Golden", "Little", "Old", "Blue", "Copper", "Royal", "Green", "Silver", "Red", "Hidden", "Corner", "Rusty",
)  # fmt: skip
RESTAURANT_LAST: dict[str, tuple[str, ...]] = {
    "British": ("Oak", "Plough", "Kettle"),
    "Chinese": ("Dragon", "Lantern", "Wok"),
    "French": ("Bistro", "Brasserie", "Rooster"),
    "Greek": ("Olive Tree", "Taverna", "Acropolis"),
    "Indian": ("Tandoor", "Peacock", "Saffron House"),
    "Italian": ("Trattoria", "Basil Leaf", "Vineyard"),
    "Japanese": ("Crane", "Bento House", "Cherry Blossom"),
    "Lebanese": ("Cedar", "Souk", "Pomegranate"),
    "Mexican": ("Cactus", "Cantina", "Agave"),
    "Spanish": ("Bodega", "Matador", "Tapas Bar"),
    "Thai": ("Orchid", "Elephant", "Lemongrass"),
    "Turkish": ("Ottoman", "Bazaar", "Crescent"),
    "Vietnamese": ("Lotus", "Bamboo", "Saigon House"),
    "vegetarian": ("Garden", "Beetroot", "Sprout"),
    "seafood": ("Lobster", "Anchor", "Oyster House"),
}
HOTEL_FIRST = (
    "Ashby", "Beaumont", "Carlton", "Devonshire", "Elmwood", "Fairview", "Grosvenor", "Hawthorn", "Ivy", "Kestrel",
    "Lakeside", "Maple", "Northgate", "Orchard", "Parkside", "Queensway", "Rosewood", "Sycamore", "Tudor", "Willow",
)  # fmt: skip
HOTEL_LAST = ("House", "Lodge", "Inn", "Court", "Suites")
ATTRACTION_FIRST = (
    "Aldermere", "Bellfield", "Castle Hill", "Drayton", "Edgecombe", "Foxglove", "Gateway", "Hartley", "Jubilee",
    "Larkspur", "Merchant's", "Priory", "Regent", "Sandford", "Thornbury", "Victoria",
)  # fmt: skip
STREETS = (
    "Abbey Road", "Bridge Street", "Chapel Lane", "Church Street", "Cromwell Road", "Dock Street", "Garden Lane",
    "George Street", "High Street", "Jesus Lane", "King Street", "London Road", "Market Square", "Mill Road",
    "Park Avenue", "Queen's Road", "River Lane", "Rose Crescent", "Station Road", "Trinity Street",
)  # fmt: skip
FILM_TITLES: dict[str, tuple[str, ...]] = {
    "action": ("Midnight Convoy", "The Last Outpost", "Iron Harbour", "Double Cross", "Fast Water", "Red Summit"),
    "animated": ("Pip and the Lighthouse", "The Paper Fox", "Clockwork Zoo", "Moon Parade", "Tiny Giants"),
    "comedy": ("My Other Wedding", "The Substitute Mayor", "Two Left Shoes", "Burnt Toast", "Neighbours at War"),
    "documentary": ("Voices of the Reef", "A Year of Snow", "The Bread Makers", "Under the City", "Long Way Home"),
    "horror": ("The Cellar Door", "Whisper Lake", "Thirteen Candles", "What the Fog Hid", "Hollow House"),
    "romantic": ("Letters to Lisbon", "Second Spring", "The Piano Tuner", "One Summer in Nice", "Always Tuesday"),
    "science fiction": ("Orbit Nine", "The Quiet Signal", "Glass Planet", "Tomorrow's Children", "Beyond Titan"),
}
CINEMAS: dict[str, str] = {
    "the Odyssey": "centre",
    "the Regal": "north",
    "the Picture Palace": "south",
    "the Lumiere": "east",
    "the Plaza": "west",
}
FIRST_NAMES = (
    "Helen", "Omar", "Priya", "Daniel", "Sofia", "James", "Amina", "Peter", "Laura", "Ivan", "Grace", "Hugo",
    "Nadia", "Simon", "Elena", "Marcus",
)  # fmt: skip
SURNAMES = (
    "Abbott", "Brennan", "Castillo", "Doyle", "Ellison", "Farouk", "Goldberg", "Hartmann", "Iqbal", "Jensen",
    "Kowalski", "Lambert", "Mahmood", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Turner",
)  # fmt: skip
COLOURS = ("black", "white", "silver", "blue", "red", "grey", "green", "yellow")
CARS: dict[str, tuple[str, ...]] = {
    "standard": ("Toyota Corolla", "Skoda Octavia", "Ford Focus", "Honda Civic"),
    "estate": ("Volvo V60", "Skoda Superb"),
    "six-seater": ("Ford Galaxy", "Volkswagen Sharan"),
    "wheelchair-accessible": ("Ford Tourneo", "Peugeot Partner"),
    "electric": ("Nissan Leaf", "Kia Niro"),
}
